"""Records what Nova's own code makes of random NUMA topologies, PCI devices, flavors and images.

    python3 -m venv venv && venv/bin/pip install nova==34.0.0
    venv/bin/python record.py fits 1000 1 | gzip -9n > recorded.jsonl.gz
    venv/bin/python record.py flavors 1500 3 | gzip -9n > flavors.jsonl.gz

The arguments are what to record, how many cases, and a seed. Nothing of Nova is replaced but the
order in which it walks the threads of a core: CPython's sets of numbers have an accidental one,
here it is ascending. `clean` is reckoned by Nova's own checks of one cell on another, each on a
copy of the request, so that its search leaves no traces. Which cases are kept is a choice: those
in which the two differ are rare, and all that were found in some thousands are in the file.
"""
import collections, copy, itertools, json, logging, os, random, re, sys, warnings

os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', 'true')
from nova import monkey_patch
argv, sys.argv = sys.argv, sys.argv[:1]
monkey_patch.patch(backend='threading')
sys.argv = argv
import nova.conf
from nova import exception, objects
from nova.pci import stats as pci_stats
from nova.virt import hardware

objects.register_all()
CONF = nova.conf.CONF
CONF([], project='nova', default_config_files=[])
logging.disable(logging.CRITICAL)
warnings.simplefilter('ignore')


class Ascending(set):
    def __iter__(self):
        return iter(sorted(super().__iter__()))


objects.NUMACell.free_siblings = property(
    lambda self: [Ascending(core & self.free_pcpus) for core in self.siblings])


# Plain values to Nova's objects and back.

def networks_of(d):
    return objects.NetworkMetadata(physnets=set(d['physnets']), tunneled=d['tunneled'])


def host_of(d):
    def cell_of(c):
        plain = ('id', 'memory', 'cpu_usage', 'memory_usage', 'socket')
        cell = objects.NUMACell(
            **{key: c[key] for key in plain},
            **{key: set(c[key]) for key in ('cpuset', 'pcpuset', 'pinned_cpus')},
            siblings=[set(core) for core in c['siblings']],
            mempages=[objects.NUMAPagesTopology(**pages) for pages in c['mempages']])
        if 'network_metadata' in c:
            cell.network_metadata = networks_of(c['network_metadata'])
        return cell
    return objects.NUMATopology(cells=[cell_of(c) for c in d['cells']])


def host_dict(topology):
    def cell_dict(cell):
        d = {key: getattr(cell, key)
             for key in ('id', 'memory', 'cpu_usage', 'memory_usage', 'socket')}
        d |= {key: sorted(getattr(cell, key)) for key in ('cpuset', 'pcpuset', 'pinned_cpus')}
        d['siblings'] = [sorted(core) for core in cell.siblings]
        d['mempages'] = [{key: getattr(pages, key)
                          for key in ('size_kb', 'total', 'used', 'reserved')}
                         for pages in cell.mempages]
        if 'network_metadata' in cell:
            near = cell.network_metadata
            d['network_metadata'] = {'physnets': sorted(near.physnets), 'tunneled': near.tunneled}
        return d
    return {'cells': [cell_dict(cell) for cell in topology.cells]}


POLICIES = ('id', 'memory', 'pagesize', 'cpu_policy', 'cpu_thread_policy')


def request_of(d):
    topology = objects.InstanceNUMATopology(cells=[
        objects.InstanceNUMACell(
            **{key: c[key] for key in POLICIES}, cpuset=set(c['cpuset']),
            pcpuset=set(c['pcpuset']), cpuset_reserved=None, cpu_pinning_raw=None)
        for c in d['cells']])
    topology.emulator_threads_policy = d['emulator_threads_policy']
    return topology


def request_dict(topology):
    if topology is None:
        return None
    return {'emulator_threads_policy': topology.emulator_threads_policy,
            'cells': [{key: getattr(c, key) for key in POLICIES}
                      | {'cpuset': sorted(c.cpuset), 'pcpuset': sorted(c.pcpuset)}
                      for c in topology.cells]}


def pools_of(pools):
    return objects.PciDevicePoolList(
        objects=[objects.PciDevicePool.from_dict(dict(pool)) for pool in pools])


def devices_of(requests):
    return [objects.InstancePCIRequest(**copy.deepcopy(request)) for request in requests]


def flavor_of(d):
    return objects.Flavor(
        id=1, flavorid='f', name='f', vcpus=d['vcpus'], memory_mb=d['memory_mb'], root_gb=1,
        ephemeral_gb=0, swap=0, extra_specs=dict(d['extra_specs']))


def image_of(properties):
    return objects.ImageMeta.from_dict({'name': 'n', 'properties': dict(properties)})


# Random fits.

def rnd_cell(r, cid, base, style):
    tpc=style['tpc']; ncores=style['ncores']
    cpus=list(range(base, base+tpc*ncores))
    if style['sib']=='adjacent':
        sibs=[cpus[i*tpc:(i+1)*tpc] for i in range(ncores)]
    else:
        sibs=[[cpus[i+j*ncores] for j in range(tpc)] for i in range(ncores)]
    if r.random()<0.1 and tpc>1:   # one core has a thread offline
        sibs[0]=sibs[0][:1]
    if style['legacy']: cs=ps=cpus
    else:
        k=r.choice([0,1,2,len(cpus)//2,len(cpus)//2,len(cpus)])
        ps=cpus[k:]; cs=cpus[:k]
        if r.random()<0.2: r.shuffle(cpus); ps=sorted(cpus[k:]); cs=sorted(cpus[:k])
    pinned=[c for c in ps if r.random()<style['busy']]
    mem=r.choice([2048,4096,8192,8192])
    pages=[]
    if r.random()<style['pages']:
        pages.append(dict(size_kb=4,total=mem*256,used=r.randrange(0,mem*256) if r.random()<.25 else 0,reserved=r.choice([0,0,0,256*512])))
        if r.random()<.7: pages.append(dict(size_kb=2048,total=r.choice([0,512,1024,1024,2048]),used=r.choice([0,0,100]),reserved=r.choice([0,0,64])))
        if r.random()<.5: pages.append(dict(size_kb=1048576,total=r.choice([0,1,2,4]),used=r.choice([0,0,1]),reserved=r.choice([0,0,1])))
        r.shuffle(pages)
    c=dict(id=cid,cpuset=sorted(cs),pcpuset=sorted(ps),memory=mem,cpu_usage=r.randrange(0,len(cpus)*2) if r.random()<.3 else 0,
      memory_usage=r.randrange(0,mem) if r.random()<.4 else 0,pinned_cpus=pinned,siblings=sibs,mempages=pages,
      socket=style['sockets'](cid))
    if r.random()<style['net']:
        c['network_metadata']=dict(physnets=[p for p in('p0','p1','p2') if r.random()<.4],tunneled=r.random()<.4)
    return c

def rnd_host(r):
    n=r.choice([1,1,2,2,2,3,4,4,5])
    style=dict(tpc=r.choice([1,2,2,2,4]),ncores=r.choice([2,3,4,4,6]),sib=r.choice(['adjacent','adjacent','far']),
       legacy=r.random()<.75,busy=r.choice([0,0,.2,.5]),pages=r.choice([0,1,1,1]),net=r.choice([0,0,.6]),
       sockets=r.choice([lambda i:None,lambda i:0,lambda i:i//2,lambda i:i, lambda i: None if i==1 else 0]))
    w=style['tpc']*style['ncores']
    ids=list(range(n))
    cells=[rnd_cell(r,i,i*w,style) for i in ids]
    if r.random()<.15:
        for c in cells: c['id']+=r.choice([0,2])*0+ (3 if style['tpc']==2 else 0)
    if r.random()<.1: r.shuffle(cells)
    return dict(cells=cells)

def rnd_flavor(r):
    v=r.choice([1,2,2,3,4,4,6,8]); m=r.choice([512,1024,1024,2048,4096])
    es={}
    if r.random()<.6: es['hw:numa_nodes']=str(r.choice([1,1,2,2,2,3,4]))
    n=int(es.get('hw:numa_nodes','1'))
    p=r.random()
    if p<.45: es['hw:cpu_policy']='dedicated'
    elif p<.6 and v>1:
        es['hw:cpu_policy']='mixed'; es['hw:cpu_dedicated_mask']=r.choice(['0','^0','0-%d'%(v//2-1) if v>1 else '0','%d'%(v-1)])
    elif p<.7: es['hw:cpu_policy']='shared'
    if es.get('hw:cpu_policy') in('dedicated','mixed'):
        if r.random()<.5: es['hw:cpu_thread_policy']=r.choice(['prefer','isolate','require'])
        if r.random()<.3: es['hw:emulator_threads_policy']=r.choice(['isolate','isolate','share'])
    if r.random()<.4: es['hw:mem_page_size']=r.choice(['small','large','large','any','any','4','2MB','1GB','2048'])
    if n>1 and r.random()<.4 and v>=n:
        cpus=list(range(v)); r.shuffle(cpus)
        cut=sorted(r.sample(range(1,v),n-1)) if v>n-1 else None
        if cut:
            parts=[cpus[a:b] for a,b in zip([0]+cut,cut+[v])]
            mcut=[m//n]*n; mcut[0]+=m-sum(mcut)
            if n==2 and r.random()<.5: mcut=[m-256,256]
            for i in range(n):
                es['hw:numa_cpus.%d'%i]=','.join(map(str,sorted(parts[i]))); es['hw:numa_mem.%d'%i]=str(mcut[i])
    return dict(flavorid='f',name='f',vcpus=v,memory_mb=m,root_gb=1,ephemeral_gb=0,swap=0,extra_specs=es)

def rnd_pools(r, host):
    out=[]
    ids=[c['id'] for c in host['cells']]
    for _ in range(r.choice([0,1,2,3,4])):
        p=dict(vendor_id=r.choice(['8086','8086','8086','10DE']),product_id=r.choice(['1520','1520','1520','154d']),numa_node=r.choice(ids+[None]),
          count=r.choice([1,2,3,4,8]),dev_type=r.choice(['type-PCI','type-PCI','type-VF','type-VF','type-PF','vdpa']))
        if r.random()<.15: p['remote_managed']=r.choice(['true','false','True','1'])
        if r.random()<.15: p['physical_network']=r.choice(['p0','P0','p1'])
        if r.random()<.15: p['live_migratable']=r.choice(['true','false'])
        if r.random()<.25: p['rp_uuid']=r.choice(['rp1','rp2','rp3'])
        out.append(p)
    return out

def rnd_pci(r, pools):
    out=[]
    for i in range(r.choice([1,1,2])):
        spec=[]
        for _ in range(r.choice([1,1,1,2])):
            s=dict(vendor_id=r.choice(['8086','8086','8086','10de']),product_id=r.choice(['1520','1520','1520','154D']))
            if r.random()<.1: del s['product_id']
            if r.random()<.2: s['dev_type']=r.choice(['type-PCI','type-VF','type-PF','vdpa'])
            if r.random()<.1: s['remote_managed']=r.choice(['True','false'])
            if r.random()<.1: s['physical_network']='p0'
            if r.random()<.1: s['live_migratable']=r.choice(['true','false'])
            if r.random()<.1: s['resource_class']='X'
            if r.random()<.1: s['rp_uuids']=r.choice(['rp1','rp1,rp2','rp1,rp1'])
            spec.append(s)
        out.append(dict(count=r.choice([1,1,1,2,2,3]),spec=spec,alias_name=r.choice(['a','a','a',None]),request_id='req%d'%i,
            numa_policy=r.choice(['legacy','required','preferred','socket',None])))
    return out

def dump_placed(t):
    if t is None: return None
    return dict(emulator_threads_policy=t.emulator_threads_policy,
      cells=[dict(id=c.id,cpuset=sorted(c.cpuset),pcpuset=sorted(c.pcpuset),memory=c.memory,pagesize=c.pagesize or None,cpu_policy=c.cpu_policy,
        cpu_thread_policy=c.cpu_thread_policy,cpu_pinning={str(k):v for k,v in (c.cpu_pinning or {}).items()},
        cpuset_reserved=sorted(c.cpuset_reserved or [])) for c in t.cells])

def clean_fit(topo, req, mapping, limits, pci, stats, pack):
    """The first choice by brute force, each pair of cells on its own: Nova's parts, no shared state."""
    # Nova's order: record the permutations it walks by asking it for the sorted cells
    seen=[]
    real=itertools.permutations
    def spy(cells,n):
        seen.append(list(cells)); return iter(())
    hardware.itertools.permutations=spy
    try: hardware.numa_fit_instance_to_host(topo, copy.deepcopy(req), mapping, limits, pci, stats)
    finally: hardware.itertools.permutations=real
    if not seen: return None
    net = limits.network_metadata if limits and 'network_metadata' in limits else None
    for perm in real(seen[0], len(req.cells)):
        got=[]
        for i,(h,c) in enumerate(zip(perm,req.cells)):
            try: g=hardware._numa_fit_instance_cell(h, copy.deepcopy(c), limits, 1 if req.emulator_threads_isolated and i==0 else 0)
            except exception.MemoryPageSizeNotSupported: g=None
            if g is None: break
            got.append(g)
        if len(got)!=len(perm): continue
        if pci and stats and not stats.support_requests(pci, mapping, got): continue
        if net and not hardware._numa_cells_support_network_metadata(topo, list(perm), net): continue
        return objects.InstanceNUMATopology(cells=got, emulator_threads_policy=req.emulator_threads_policy)
    return None

def make(r):
    while True:
        host=rnd_host(r); fl=rnd_flavor(r)
        try: req=hardware.numa_get_constraints(flavor_of(fl), image_of({}))
        except Exception as e: continue
        if req is None: continue
        if len(req.cells)>len(host['cells']) and r.random()<.9: continue
        break
    case=dict(host=host, flavor=dict(vcpus=fl['vcpus'],memory_mb=fl['memory_mb'],extra_specs=fl['extra_specs']), request=request_dict(req))
    lim=None
    if r.random()<.8:
        lim=[r.choice([2.0,16.0,16.0,1.5]),r.choice([1.0,1.5,1.5,.5])]
    net=None
    if lim and any('network_metadata' in c for c in host['cells']) and r.random()<.7:
        net=dict(physnets=[p for p in('p0','p1','p3') if r.random()<.5],tunneled=r.random()<.4)
    pools=rnd_pools(r,host) if r.random()<.6 else []
    pci=rnd_pci(r,pools) if pools and r.random()<.5 or r.random()<.03 else []
    maps=[{}]
    if pci and r.random()<.4:
        maps=[{'':['cn'],**{'%s-%d'%(q['request_id'],k):[r.choice(['rp1','rp2','rp3'])] for q in pci for k in range(q['count'])}} for _ in range(r.choice([1,2]))]
    elif r.random()<.1: maps=[{},{}]
    pack=r.random()<.25
    case.update(limits=lim,network=net,pools=pools,pci=pci,mappings=maps,pack=pack)
    CONF.set_override('packing_host_numa_cells_allocation_strategy',pack,group='compute')
    def fresh():
        topo=host_of(host)
        st=pci_stats.PciDeviceStats(topo, stats=pools_of(pools))
        rq=devices_of(pci)
        ln=None
        if lim:
            ln=objects.NUMATopologyLimits(cpu_allocation_ratio=lim[0],ram_allocation_ratio=lim[1])
            if net: ln.network_metadata=networks_of(net)
        return topo,st,rq,ln
    topo,st,rq,ln=fresh()
    # Nova itself, one request object for all candidates
    nreq=request_of(case['request'])
    case['nova']=[]
    case['clean']=[]
    case['support']=[]
    for m in maps:
        out=hardware.numa_fit_instance_to_host(topo,nreq,m,ln,rq,st)
        case['nova'].append(dump_placed(out))
        creq=request_of(case['request'])
        got=clean_fit(topo,creq,m,ln,rq,st,pack)
        case['clean'].append(dump_placed(got))
        case['support'].append(bool(st.support_requests(rq,m)))
    m=maps[-1]
    case['after']=None
    if case['clean'][-1] is not None:
        creq=request_of(case['request'])
        got=clean_fit(topo,creq,m,ln,rq,st,pack)
        try: a=host_dict(hardware.numa_usage_from_instance_numa(topo,got))
        except IndexError: a='no pages'
        except Exception as e: a=type(e).__name__
        case['after']=a
        st2=copy.deepcopy(st)
        if pci:
            st2.apply_requests(rq,m,got.cells)
            case['pools_after']=list(st2)
    return case


# Random flavors and images.

S={
 'hw:cpu_policy':['dedicated','dedicated','dedicated','mixed','mixed','shared','odd',''],
 'hw:cpu_thread_policy':['prefer','isolate','require','odd'],
 'hw:cpu_dedicated_mask':['0','^0','0-1','^0-1','1,2','9','^0,1','x','0-3',' ^1 '],
 'hw:cpu_realtime':['yes','True','no','1','maybe'],
 'hw:cpu_realtime_mask':['^0','0','1-2','^0-9','0-3','x'],
 'hw:emulator_threads_policy':['share','isolate','odd'],
 'hw:mem_page_size':['small','large','any','4','2048','2MB','1GB','2MiB','16Mb','0','huge','1.5MB','2mb','0.5GB'],
 'hw:numa_nodes':['1','2','2','3','4','0','x','-1','02'],
 'hw:locked_memory':['true','false'],
 'hw:pmem':['a','a,b',' , '],
 'trait1:HW_CPU_HYPERTHREADING':['required'],
 'resources:VCPU':['1','4','0','x'],
 'resources:PCPU':['4','4','4','5','2','0'],
 'resources2:PCPU':['1','2'],
 'trait:HW_CPU_HYPERTHREADING':['required','forbidden'],
}
I={
 'hw_cpu_policy':['dedicated','shared','mixed'],
 'hw_cpu_thread_policy':['prefer','isolate','require'],
 'hw_cpu_realtime_mask':['^0','0'],
 'hw_mem_page_size':['small','large','any','2048','2MB'],
 'hw_numa_nodes':['1','2','4'],
 'hw_locked_memory':['true','false'],
 'trait:HW_CPU_HYPERTHREADING':['required'],
}
def flavor_case(r):
    v=r.choice([1,2,3,4,4,4,6]); m=r.choice([512,1024,1023])
    es={}; im={}
    for k in r.sample(list(S),r.choice([0,1,1,2,2,3,4])): es[k]=r.choice(S[k][:max(1,len(S[k])*2//3)] if r.random()<.8 else S[k])
    if r.random()<.5:
        for k in r.sample(list(I),r.choice([1,1,2,3])): im[k]=r.choice(I[k])
    if r.random()<.35:
        nn=r.choice([2,2,2,1,3]); 
        if r.random()<.7: es['hw:numa_nodes']=str(nn)
        cp={1:['0-%d'%(v-1)],2:['0-%d'%(v//2-1) if v>1 else '0','%d-%d'%(v//2,v-1)],3:['0','1','2-3']}[nn]
        mm=[m//nn]*nn; mm[0]+=m-sum(mm)
        if r.random()<.2: mm[0]+=1
        if r.random()<.2: cp[0]=r.choice(['0','0-1','9','0-1,^1'])
        tgt=im if r.random()<.3 else es
        a,b=('hw_numa_cpus','hw_numa_mem') if tgt is im else ('hw:numa_cpus','hw:numa_mem')
        for i in range(nn):
            if r.random()<.95: tgt['%s.%d'%(a,i)]=cp[i]
            if r.random()<.95: tgt['%s.%d'%(b,i)]=str(mm[i])
        if r.random()<.1: (es if tgt is im else im)[('hw:numa_mem' if tgt is im else 'hw_numa_mem')+'.0']='512'
    if 'trait1:HW_CPU_HYPERTHREADING' in es: es.pop('trait:HW_CPU_HYPERTHREADING',None)
    fl=dict(flavorid='f',name='f',vcpus=v,memory_mb=m,root_gb=1,ephemeral_gb=0,swap=0,extra_specs=es)
    try:
        q=request_dict(hardware.numa_get_constraints(flavor_of(fl),image_of(im)))
        err=None
        if q:
            for cell in q['cells']: cell['pagesize']=cell['pagesize'] or None
    except Exception as e: q=None; err=type(e).__name__
    return (dict(vcpus=v,memory_mb=m,extra_specs=es,image=im,request=q,error=err))


if __name__ == '__main__':
    what, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    dice = random.Random(seed)
    for _ in range(count):
        case = {'fits': make, 'flavors': flavor_case}[what](dice)
        print(json.dumps(case, sort_keys=True, separators=(',', ':')))
