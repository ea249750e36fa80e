#!/usr/bin/env python3
"""Cut the cases that this crate can answer out of the recorded cases of Nova's scheduler.

    python3 extract.py scheduler.json.gz > nova-34.0.0.json

Kept: ComputeFilter, ComputeCapabilitiesFilter, the RAM, CPU and disk weighers without aggregates,
the host lists that name hosts, and several servers at once where no other weigher has a say.
"""
import datetime
import gzip
import json
import sys

KNOWN_FILTERS = ('ComputeFilter', 'ComputeCapabilitiesFilter')
WEIGHERS = ('CPUWeigher', 'DiskWeigher', 'RAMWeigher')


def age(service, now):
    seen = service['last_seen_up'] or service['created_at']
    at = lambda text: datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))
    return (at(now) - at(seen)).total_seconds()


def host(h, now, keys):
    """One host; long texts that no extra spec reads are left out."""
    node, service = h['compute_node'], h['service']
    row = {'name': h['host'], 'age': age(service, now),
           'disabled': (service['disabled_reason'] or '') if service['disabled'] else None,
           'forced_down': service['forced_down']}
    if node['free_disk_gb'] is None:
        return row
    stats = {k: v for k, v in (node['stats'] or {}).items() if v is not None}
    row['servers'] = int(stats.pop('num_instances', 0))
    free_disk = node['free_disk_gb']
    if node['disk_available_least'] is not None:
        free_disk = min(free_disk, node['disk_available_least'])
    # [total, used, ratio]; what is free is what Nova was told, not what the rest adds up to.
    total = max(node['memory_mb'], node['free_ram_mb'])
    row['ram'] = [total, total - node['free_ram_mb'], node['ram_allocation_ratio']]
    row['cpu'] = [node['vcpus'], node['vcpus_used'], node['cpu_allocation_ratio']]
    total = max(node['local_gb'], free_disk)
    row['disk'] = [total, total - free_disk, node['disk_allocation_ratio']]
    reads = lambda *names: any(name in key for name in names for key in keys)
    if node['cpu_info'] is not None and reads('cpu_info', 'maxphysaddr'):
        stats['cpu_info'] = node['cpu_info']
    if node['hypervisor_version'] is None:
        stats['hypervisor_type'] = node['hypervisor_type']
    else:
        row['hypervisor'] = [node['hypervisor_type'], node['hypervisor_version']]
    if reads('supported_instances'):
        stats['supported_instances'] = json.dumps(node['supported_instances'])
    row['capabilities'] = stats if keys else {}
    return row


def wanted(case):
    request = case['request']
    hosts = [h['host'] for h in case['hosts']]
    if case['aggregates'] or len(set(hosts)) < len(hosts) or request['instance_group']:
        return False
    category = case['category']
    if category in KNOWN_FILTERS or category in WEIGHERS:
        return True
    if category == 'host lists':
        return not (request['force_nodes'] or request['requested_destination'])
    if category == 'multi-create':
        config = case['config']
        drawn = any(key.endswith(('host_subset_size', 'best_same_weighed_hosts')) for key in config)
        hints = request['scheduler_hints']
        if drawn or hints or not case['schedule'] or case['schedule']['claim_fails_on']:
            return False
        if any(name.startswith(('NUMA', 'Pci', 'NumInst', 'DifferentHost'))
               for name in config.get('filter_scheduler.enabled_filters', [])):
            return False
        others = [w for w in case['expected']['weighing']['weighers'] if w['name'] not in WEIGHERS]
        varied = any(len(set(w['normalized'])) > 1 for w in others)
        cells = {h['cell_uuid'] for h in case['hosts']}
        io_ops = config.get('filter_scheduler.io_ops_weight_multiplier') == 0.0
        return not varied and len(cells) == 1 and (io_ops or request['num_instances'] == 1)
    return False


def slim(case, now):
    config, request, expected = case['config'], case['request'], case['expected']
    short = {h['nodename']: h['host'] for h in case['hosts']}
    flavor = request['flavor']
    # Nova replaces a service_down_time that is not above report_interval when it starts.
    down, report = config.get('service_down_time', 60), config.get('report_interval', 10)
    out = {
        'down_after': down if down > report else int(report * 2.5),
        'id': case['id'], 'description': case['description'],
        'hosts': [host(h, now, flavor['extra_specs']) for h in case['hosts']],
        'extra_specs': flavor['extra_specs'],
        'resources': {'VCPU': flavor['vcpus'], 'MEMORY_MB': flavor['memory_mb'],
                      'DISK_GB': flavor['root_gb'] + flavor['ephemeral_gb']},
        'count': request['num_instances'],
        'ignore_hosts': request['ignore_hosts'] or [], 'force_hosts': request['force_hosts'] or [],
        'check_type': '_nova_check_type' in request['scheduler_hints'],
        'alternates': config.get('scheduler.max_attempts', 3) - 1,
        'enabled': [f for f in config.get('filter_scheduler.enabled_filters', KNOWN_FILTERS)
                    if f in KNOWN_FILTERS],
        'multipliers': {w: config.get('filter_scheduler.%s_weight_multiplier' % w.lower()[:-7], 1.0)
                        for w in WEIGHERS},
    }
    alone = {}
    for name in KNOWN_FILTERS:
        answer = expected['filters'].get(name, {'pass': list(short)})
        alone[name] = {'pass': [short[n] for n in answer['pass']],
                       'error': sorted(short[n] for n in answer.get('error', {}))}
    out['alone'] = alone
    first = expected['filtered_first']
    if 'pass' in first:
        out['filtered'] = [short[n] for n in first['pass']]
    weighing = expected.get('weighing')
    if weighing and 'weights' in weighing and case['category'] != 'multi-create':
        known = [w for w in weighing.get('weighers', []) if w['name'] in WEIGHERS]
        out['weighing'] = {
            'weighers': [{'name': w['name'], 'normalized': w['normalized']} for w in known],
            'weights': weighing['weights'],
            'ordering': [short[n] for n in weighing['ordering']]}
        if len(known) < len(weighing.get('weighers', [])):
            del out['weighing']
    if case['category'] == 'multi-create':
        schedule = expected['schedule']
        out['schedule'] = [[short[n] for n in row] for row in schedule['selections']]
        out['with_alternates'] = case['schedule']['return_alternates']
    return out


def main():
    with gzip.open(sys.argv[1]) as file:
        recorded = json.load(file)
    now = recorded['meta']['now']
    cases = [slim(case, now) for case in recorded['cases'] if wanted(case)]
    lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
    sys.stdout.write('[\n%s\n]\n' % lines)


main()
