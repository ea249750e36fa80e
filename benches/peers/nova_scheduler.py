#!/usr/bin/env python3
"""Time Nova's own scheduler on a workload of `cargo bench --bench scheduler`.

    nova_scheduler.py WORKLOAD OURS

WORKLOAD is what `-- --write` wrote, OURS what `-- --decisions` wrote for the
same hosts and requests. Nova's classes run in this process, without database,
message broker and Placement: HostManager.get_filtered_hosts,
HostManager.get_weighed_hosts, the pick and HostState.consume_from_request are
timed, nothing else is. README.md says what that leaves out.
"""

import argparse
import datetime
import json
import logging
import os
import random
import time
from unittest import mock

# Nova would otherwise replace the standard library's sockets and threads.
os.environ['OS_NOVA_DISABLE_EVENTLET_PATCHING'] = 'true'

from nova import objects  # noqa: E402
import nova.conf  # noqa: E402
from nova.scheduler import host_manager  # noqa: E402
from nova.scheduler import manager  # noqa: E402
from nova.scheduler import weights  # noqa: E402
from oslo_utils import timeutils  # noqa: E402

UTC = datetime.timezone.utc
CLASSES = ('vcpus', 'memory_mb', 'disk_gb')


def moment(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))


class Clock:
    """Adds up the processor time of what runs inside it."""

    def __init__(self):
        self.seconds = 0.0

    def __enter__(self):
        self.began = time.thread_time()

    def __exit__(self, *_):
        self.seconds += time.thread_time() - self.began


class Placement:
    """Answers, untimed, what Nova asks of Placement: which hosts of the zone
    have room for one more server of the request's size."""

    def __init__(self, workload):
        self.zones = {
            aggregate['metadata']['availability_zone']: set(aggregate['hosts'])
            for aggregate in workload['aggregates']
            if 'availability_zone' in aggregate['metadata']}
        self.hosts = {}
        for host in workload['hosts']:
            node = host['compute_node']
            total = (node['vcpus'], node['memory_mb'], node['local_gb'])
            ratio = (node['cpu_allocation_ratio'],
                     node['ram_allocation_ratio'],
                     node['disk_allocation_ratio'])
            used = [node['vcpus_used'], node['memory_mb_used'],
                    node['local_gb_used']]
            capacity = [int(t * r) for t, r in zip(total, ratio)]
            self.hosts[host['host']] = (total, capacity, used)

    def fits(self, host, size):
        return all(want <= total and used + want <= capacity
                   for want, total, capacity, used
                   in zip(size, *self.hosts[host]))

    def candidates(self, zone, size):
        zone = self.zones.get(zone)
        return [host for host in self.hosts
                if (zone is None or host in zone) and self.fits(host, size)]

    def claim(self, host, size):
        used = self.hosts[host][2]
        for place, amount in enumerate(size):
            used[place] += amount


class Manager(manager.SchedulerManager):
    """The real one, without the services that its constructor connects to."""

    def __init__(self, hosts):
        self.host_manager = hosts


def compute_node(host, number):
    node = host['compute_node']
    same = ('vcpus', 'vcpus_used', 'memory_mb', 'memory_mb_used',
            'free_ram_mb', 'local_gb', 'local_gb_used', 'free_disk_gb',
            'disk_available_least', 'hypervisor_type', 'hypervisor_version',
            'host_ip', 'cpu_info', 'stats', 'numa_topology', 'metrics',
            'cpu_allocation_ratio', 'ram_allocation_ratio',
            'disk_allocation_ratio')
    return objects.ComputeNode(
        id=number, uuid=host['uuid'], host=host['host'],
        hypervisor_hostname=host['nodename'],
        supported_hv_specs=[objects.HVSpec.from_list(spec)
                            for spec in node['supported_instances']],
        pci_device_pools=objects.PciDevicePoolList(
            objects=[objects.PciDevicePool.from_dict(dict(pool))
                     for pool in node['pci_device_pools']]),
        updated_at=None, **{name: node[name] for name in same})


def service(host):
    stated = host['service']
    return dict(objects.Service(
        host=host['host'], disabled=stated['disabled'],
        disabled_reason=stated['disabled_reason'],
        forced_down=stated['forced_down'],
        last_seen_up=moment(stated['last_seen_up']),
        created_at=moment(stated['created_at']),
        updated_at=moment(stated['last_seen_up'])))


def host_states(workload):
    """Every host as Nova's scheduler holds it, by name, in order."""
    joined = {host['host']: [] for host in workload['hosts']}
    for stated in workload['aggregates']:
        aggregate = objects.Aggregate(
            id=stated['id'], uuid=stated['uuid'], name=stated['name'],
            hosts=stated['hosts'], metadata=stated['metadata'])
        for host in stated['hosts']:
            joined[host].append(aggregate)
    states = {}
    for number, host in enumerate(workload['hosts'], 1):
        state = host_manager.HostState(
            host['host'], host['nodename'], host['cell_uuid'])
        servers = {server['uuid']: objects.Instance(uuid=server['uuid'])
                   for server in host['instances']}
        state.update(compute_node(host, number), service(host),
                     joined[host['host']], servers)
        states[host['host']] = state
    return states


def request_spec(asked, group):
    flavor = asked['flavor']
    return objects.RequestSpec(
        image=objects.ImageMeta.from_dict(asked['image']),
        flavor=objects.Flavor(
            id=1, rxtx_factor=1.0, vcpu_weight=0, disabled=False,
            is_public=True, **flavor),
        project_id=asked['project_id'], user_id=asked['user_id'],
        availability_zone=asked['availability_zone'],
        num_instances=asked['num_instances'],
        instance_uuid=asked['instance_uuids'][0],
        instance_group=group and group.as_object(),
        ignore_hosts=None, force_hosts=None, force_nodes=None,
        requested_destination=None, requested_resources=[],
        scheduler_hints=asked['scheduler_hints'], numa_topology=None,
        pci_requests=None, limits=None, retry=None, is_bfv=False)


class Group:
    """A server group over all of the stream."""

    def __init__(self, stated):
        self.uuid, self.policy = stated['uuid'], stated['policy']
        self.members = list(stated['members'])
        self.hosts = list(stated['hosts'])

    def as_object(self):
        group = objects.InstanceGroup(
            uuid=self.uuid, name='group', policy=self.policy,
            members=list(self.members), hosts=list(self.hosts))
        group.policies = [self.policy]
        group.obj_reset_changes(['hosts', 'policies'])
        return group


class Run:
    """Takes Nova through the stream; the fleet is updated as it goes."""

    def __init__(self, workload):
        self.workload = workload
        self.placement = Placement(workload)
        self.states = host_states(workload)
        with mock.patch.multiple(
                host_manager.HostManager,
                refresh_cells_caches=mock.DEFAULT,
                _init_aggregates=mock.DEFAULT,
                _init_instance_info=mock.DEFAULT):
            self.manager = Manager(host_manager.HostManager())
        self.groups = {}
        self.filter, self.rest = Clock(), Clock()
        self.times, self.chosen = [], []
        hosts = self.manager.host_manager
        inner = hosts.get_filtered_hosts

        def timed(*args):
            with self.filter:
                return inner(*args)

        hosts.get_filtered_hosts = timed

    def group_of(self, asked):
        stated = asked['instance_group']
        if stated is None:
            return None
        return self.groups.setdefault(stated['uuid'], Group(stated))

    def place(self, asked):
        flavor, group = asked['flavor'], self.group_of(asked)
        size = (flavor['vcpus'], flavor['memory_mb'],
                flavor['root_gb'] + flavor['ephemeral_gb'])
        spec = request_spec(asked, group)
        hosts = [self.states[name] for name in self.placement.candidates(
            asked['availability_zone'], size)]
        picks = []
        for number, server in enumerate(asked['instance_uuids']):
            spec.instance_uuid = server
            clock = Clock()
            with clock:
                hosts = self.manager._get_sorted_hosts(spec, hosts, number)
            # The claims that Placement would refuse are not timed either.
            pick = next((host for host in hosts
                         if self.placement.fits(host.host, size)), None)
            if pick is not None:
                with clock:
                    self.manager._consume_selected_host(
                        pick, spec, instance_uuid=server)
            self.times.append(clock.seconds)
            if pick is None:
                break
            self.placement.claim(pick.host, size)
            pick.instances.setdefault(server, objects.Instance(uuid=server))
            picks.append(pick)
        # As if each build had ended before the next request: what a host
        # builds is known from its report, not from the scheduler.
        for pick in picks:
            pick.num_io_ops -= 1
        if group is not None:
            group.hosts += [pick.host for pick in picks]
            group.members += asked['instance_uuids'][:len(picks)]
        self.chosen.append([pick.host for pick in picks])

    def all(self):
        for asked in self.workload['requests']:
            self.place(asked)


def percentile(times, percent):
    return sorted(times)[min(len(times) * percent // 100, len(times) - 1)]


def show(run, ours):
    nova = {'per_s': len(run.times) / sum(run.times),
            'p50_us': percentile(run.times, 50) * 1e6,
            'p99_us': percentile(run.times, 99) * 1e6}
    print('%d hosts, %d requests' % (
        len(run.states), len(run.workload['requests'])))
    print('%-24s %14s %14s %9s' % ('', 'Nova 34', 'nova-sched', 'ratio'))
    for name, key in (('servers a second', 'per_s'), ('p50 ms', 'p50_us'),
                      ('p99 ms', 'p99_us')):
        unit = 1 if key == 'per_s' else 1000
        one, other = nova[key] / unit, ours[key] / unit
        ratio = other / one if key == 'per_s' else one / other
        print('%-24s %14.3f %14.3f %8.0fx' % (name, one, other, ratio))
    print('filters are %.0f %% of Nova\'s time' % (
        100 * run.filter.seconds / sum(run.times)))
    same = [one == other for one, other in zip(run.chosen, ours['chosen'])]
    print('the same hosts for %d of %d requests' % (sum(same), len(same)))
    for number, equal in enumerate(same):
        if not equal:
            print('first difference: request %d, Nova %s, nova-sched %s' % (
                number, run.chosen[number], ours['chosen'][number]))
            break


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('workload')
    parser.add_argument('ours')
    paths = parser.parse_args()
    with open(paths.workload) as file:
        workload = json.load(file)
    with open(paths.ours) as file:
        ours = json.load(file)

    logging.disable(logging.CRITICAL)
    nova.conf.CONF([], project='nova', default_config_files=[])
    objects.register_all()
    # Nova sums the weighers in the order in which the file system lists their
    # modules; ours is the order of their names.
    classes = weights.HostWeightHandler().get_all_classes()
    nova.conf.CONF.set_override(
        'weight_classes',
        sorted(('%s.%s' % (one.__module__, one.__name__) for one in classes),
               key=lambda name: name.rpartition('.')[2]),
        group='filter_scheduler')
    timeutils.set_time_override(
        moment(workload['meta']['now']).replace(tzinfo=None))
    random.seed(workload['meta']['seed'])

    run = Run(workload)
    run.all()
    show(run, ours)


if __name__ == '__main__':
    main()
