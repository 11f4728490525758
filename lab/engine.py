# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and containers of a lab, through the engine's API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import docker

from lab.definition import Host, Lab, Network
from lab.errors import LabError
from lab.images import IMAGES, LABEL, host_image

_SPEC = "mailforest.lab.spec"
_CHECKOUT = "mailforest.lab.checkout"
_RELEASE = "mailforest.lab.release"
"""On a host that was made anew with another release than the definition's: its release."""
_STOP_SECONDS = 30
_WORKERS = 8
_CAPABILITIES = ["SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE"]
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def connect() -> Any:
    """A connection to the engine."""
    try:
        client = docker.from_env(timeout=600, max_pool_size=_WORKERS)
        client.ping()
    except docker.errors.DockerException as exc:
        raise LabError(f"No container engine answers ({exc}). Run tools/setup, which starts one.") from None
    return client


def parallel(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """Do the same for each item, at once; the first error is raised."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(work, items))


def container_name(lab: str, host: str) -> str:
    """Name of a host's container."""
    return f"{lab}-{host}"


def container(client: Any, lab: Lab, host: Host) -> Any:
    """A host's container."""
    return client.containers.get(container_name(lab.name, host.name))


def containers(client: Any, lab: str | None = None) -> list[Any]:
    """All containers of a lab, or of all labs."""
    found: list[Any] = client.containers.list(all=True, filters=_labelled(lab))
    return sorted(found, key=lambda item: str(item.name))


def networks(client: Any, lab: str | None = None) -> list[Any]:
    """All networks of a lab, or of all labs."""
    return list(client.networks.list(filters=_labelled(lab)))


def releases(client: Any, lab: Lab) -> dict[str, str]:
    """The hosts that were made anew with another release than the definition's. It is theirs until they are gone."""
    found = {str(item.name): item.labels for item in containers(client, lab.name)}
    named = {name: found.get(container_name(lab.name, name), {}) for name in lab.hosts}
    return {name: labels[_RELEASE] for name, labels in named.items() if _RELEASE in labels}


def create(client: Any, lab: Lab, *, resolvers: list[str], checkout: str) -> list[str]:
    """Make the networks and containers that are missing, started or not; names of the hosts that were made."""
    refuse_neighbours(client, lab.name, checkout=checkout)
    present = {network.name for network in networks(client, lab.name)}
    for network in lab.networks.values():
        if f"{lab.name}-{network.name}" not in present:
            create_network(client, lab, network, checkout=checkout)
    specs = {host.name: _spec(lab, host, resolvers=resolvers, checkout=checkout) for host in lab.hosts.values()}
    existing = {str(item.name): item for item in containers(client, lab.name)}
    _refuse_changed(lab, specs, existing)
    missing = [host for host in lab.hosts.values() if container_name(lab.name, host.name) not in existing]
    parallel(lambda host: _create_container(client, lab, host, specs[host.name]), missing)
    return [host.name for host in missing]


def start(client: Any, lab: Lab) -> list[str]:
    """Start the containers that do not run; names of the hosts that were started."""
    halted = [host for host in lab.hosts.values() if container(client, lab, host).status != "running"]
    parallel(lambda host: container(client, lab, host).start(), halted)
    return [host.name for host in halted]


def restart(client: Any, lab: Lab) -> None:
    """Restart every host, as a power cut with warning would."""
    found = containers(client, lab.name)
    if len(found) < len(lab.hosts):
        raise LabError(f"Only {len(found)} of the lab's {len(lab.hosts)} hosts are there. Run: tools/lab up {lab.name}")
    parallel(lambda item: item.restart(timeout=_STOP_SECONDS), found)


def remove_hosts(client: Any, lab: Lab, names: Iterable[str]) -> None:
    """Remove some hosts with all that is on them."""
    wanted = set(names)
    unknown = sorted(wanted - set(lab.hosts))
    if unknown:
        raise LabError(f"The lab '{lab.name}' has no host '{unknown[0]}'. Choose from: {', '.join(lab.hosts)}.")
    machines = {container_name(lab.name, name) for name in wanted}
    doomed = [item for item in containers(client, lab.name) if item.name in machines]
    parallel(lambda item: item.remove(force=True, v=True), doomed)


def remove(client: Any, lab: str | None = None) -> None:
    """Remove the containers with their volumes, and the networks."""
    parallel(lambda item: item.remove(force=True, v=True), containers(client, lab))
    for network in networks(client, lab):
        network.remove()


def evict(client: Any, *, checkout: str) -> list[str]:
    """Remove the labs that other checkouts made; their names."""
    labs = sorted({str(item.attrs["Labels"][LABEL]) for item in _foreign(client, checkout)})
    for lab in labs:
        remove(client, lab)
    return labs


def remove_all(client: Any) -> None:
    """Remove whatever carries our label or name: containers, networks, volumes, images."""
    remove(client)
    for volume in client.volumes.list(filters=_labelled(None)):
        volume.remove(force=True)
    ours = {image.id: image for image in client.images.list(filters=_labelled(None))}
    ours |= {image.id: image for image in client.images.list(name=f"{IMAGES}/*")}
    # Those made from others first.
    for image in sorted(ours.values(), key=lambda image: str(image.attrs["Created"]), reverse=True):
        for name in [tag for tag in image.tags if tag.startswith(f"{IMAGES}/")] or [image.id]:
            client.images.remove(name, force=True)


def _labelled(lab: str | None) -> dict[str, str]:
    return {"label": LABEL if lab is None else f"{LABEL}={lab}"}


def refuse_neighbours(client: Any, lab: str, *, checkout: str) -> None:
    """Raise an error when another lab is there, or this one with hosts that another checkout made."""
    others = sorted({str(item.attrs["Labels"][LABEL]) for item in networks(client)} - {lab})
    if others:
        raise LabError(
            f"The lab '{others[0]}' is up, and all labs use the same addresses. Remove it: tools/lab down {others[0]}"
        )
    if _foreign(client, checkout):
        raise LabError(
            f"The lab '{lab}' was made by another checkout of the repository, whose passwords and keys its hosts have. "
            f"Remove it there, or here, which loses what is on its hosts: tools/lab down {lab}"
        )


def _foreign(client: Any, checkout: str) -> list[Any]:
    """Networks of other checkouts: a lab's networks come before its hosts and go after them."""
    return [item for item in networks(client) if item.attrs["Labels"].get(_CHECKOUT) != checkout]


def _refuse_changed(lab: Lab, specs: dict[str, dict[str, Any]], existing: dict[str, Any]) -> None:
    known = {container_name(lab.name, name): spec["labels"][_SPEC] for name, spec in specs.items()}
    changed = [name for name, item in existing.items() if item.labels.get(_SPEC) != known.get(name)]
    if changed:
        raise LabError(
            f"These hosts were made from another definition: {', '.join(changed)}. "
            f"To make them anew, which loses what is on them, run: tools/lab down {lab.name}"
        )


def create_network(client: Any, lab: Lab, network: Network, *, checkout: str) -> Any:
    """Make a network, which goes with the lab."""
    pool = docker.types.IPAMPool(subnet=str(network.subnet), gateway=str(network.bridge))
    return client.networks.create(
        f"{lab.name}-{network.name}",
        driver="bridge",
        ipam=docker.types.IPAMConfig(pool_configs=[pool]),
        options={
            "com.docker.network.bridge.enable_ip_masquerade": str(network.masquerade).lower(),
            # Engines from 28 on drop what is routed to a container; the hosts' own rules are what is tried here.
            "com.docker.network.bridge.gateway_mode_ipv4": "nat-unprotected",
        },
        labels={LABEL: lab.name, _CHECKOUT: checkout},
    )


def _spec(lab: Lab, host: Host, *, resolvers: list[str], checkout: str) -> dict[str, Any]:
    """What a container is made from. Its digest tells whether one that exists is the one that is wanted."""
    image = host_image(host.release)
    environment = {
        "LAB_GATEWAY": str(lab.default_gateway(host)),
        "LAB_ROUTES": " ".join(f"{net}={via}" for net, via in lab.routes(host).items()),
        "LAB_PROVIDER": "yes" if host.provider else "",
        "LAB_IPV6": " ".join(f"{address}={found}" for address, found in lab.ipv6(host).items()),
    }
    addresses = {name: str(address) for name, address in host.addresses.items()}
    digest = hashlib.sha256(json.dumps([image, environment, addresses], sort_keys=True).encode()).hexdigest()
    return {
        "image": image,
        "environment": environment | {"LAB_RESOLVERS": " ".join(resolvers)},
        "labels": {
            LABEL: lab.name,
            _SPEC: digest,
            _CHECKOUT: checkout,
            **({_RELEASE: host.release} if host.renewed else {}),
        },
    }


def _create_container(client: Any, lab: Lab, host: Host, spec: dict[str, Any]) -> None:
    api = client.api
    first, *others = host.addresses
    made = api.create_container(
        name=container_name(lab.name, host.name),
        hostname=host.name,
        stop_signal="SIGRTMIN+3",
        networking_config=api.create_networking_config(
            {f"{lab.name}-{first}": api.create_endpoint_config(ipv4_address=str(host.addresses[first]))}
        ),
        host_config=api.create_host_config(
            network_mode=f"{lab.name}-{first}",
            cap_add=_CAPABILITIES,
            security_opt=["seccomp=unconfined", "apparmor=unconfined"],
            cgroupns="private",
            devices=["/dev/net/tun:/dev/net/tun:rwm"],
            # A new network namespace takes this from the lab's machine, which forwards; a blank host does not.
            sysctls={"net.ipv4.ip_forward": "0"},
            tmpfs={"/run": "mode=755,exec", "/run/lock": ""},
        ),
        **spec,
    )
    for name in others:
        client.networks.get(f"{lab.name}-{name}").connect(made["Id"], ipv4_address=str(host.addresses[name]))
