"""The Ansible inventory of a lab, as text."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.paths import repository_root

HEADER = "# written by the lab; do not edit\n"


def default_directory(lab: str) -> Path:
    """Give the place of a lab's inventory in the repository."""
    return repository_root() / "inventories" / ("lab" if lab == "default" else f"lab-{lab}")


Hosts = Sequence[tuple[str, str]]


def hosts_text(
    managers: Hosts, workers: Hosts, state: Path, common: str, own: Mapping[str, Mapping[str, str]] | None = None
) -> str:
    """Give hosts.yml: (name, address) pairs of managers and workers, and what variables a host has of its own."""

    def variables(host: str, address: str) -> str:
        more = "".join(f", {name}: {json.dumps(value)}" for name, value in (own or {}).get(host, {}).items())
        return f"ansible_host: {address}{more}"

    def group(name: str, hosts: Hosts) -> str:
        lines = [f"            {host}: {{{variables(host, address)}}}\n" for host, address in hosts]
        return f"        {name}:\n          hosts:{'' if lines else ' {}'}\n{''.join(lines)}"

    return (
        f"---\n{HEADER}all:\n  vars:\n"
        "    ansible_user: root\n"
        f"    ansible_ssh_private_key_file: {state}/id_ed25519\n"
        f"    ansible_ssh_common_args: >-\n      {common}\n"
        "    ansible_python_interpreter: /usr/bin/python3\n"
        "  children:\n    swarm:\n      children:\n"
        f"{group('swarm_managers', managers)}{group('swarm_workers', workers)}"
    )


def vars_text(gateway: str, archives: dict[str, Path], state: Path) -> str:
    """Give group_vars/all/lab.yml: what these machines have instead of the Internet."""
    images = "".join(f'  - image: "{image}"\n    path: {path}\n' for image, path in archives.items())
    return (
        f"---\n{HEADER}swarm_dns_upstreams:\n  - {gateway}\n"
        "swarm_engine_source: distribution\n"
        f"swarm_engine_image_archives:{'' if images else ' []'}\n{images}"
        "swarm_cluster_domain: swarm.test\n"
        "swarm_networks_overlays:\n  - {name: apps, subnet: 10.20.0.0/24, encrypted: true, attachable: true}\n"
        f"swarm_cluster_secrets_dir: {state}/secrets\n"
    )


def rpm_variables(url: str, fingerprint: str) -> dict[str, str]:
    """Give the variables of a host that has dnf: the stand-in for Docker's repository."""
    return {
        "swarm_engine_source": "docker",
        "swarm_engine_repository_url": url,
        "swarm_engine_repository_fingerprint": fingerprint,
    }


def write(directory: Path, hosts: str, variables: str) -> None:
    """Write the inventory's two files."""
    group_vars = directory / "group_vars" / "all"
    group_vars.mkdir(parents=True, exist_ok=True)
    for path, text in ((directory / "hosts.yml", hosts), (group_vars / "lab.yml", variables)):
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def remove(directory: Path) -> None:
    """Remove the two files, and the directories where nothing else is in them."""
    for path in (directory / "group_vars/all/lab.yml", directory / "hosts.yml"):
        if path.is_file() and HEADER in path.read_text():
            path.unlink()
    for empty in (directory / "group_vars/all", directory / "group_vars", directory):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()
