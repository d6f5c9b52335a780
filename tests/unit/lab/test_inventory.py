"""The inventory that a lab writes."""

from pathlib import Path

import yaml

from lab import inventory, ssh

STATE = Path("/state/labs/x")


def test_hosts() -> None:
    text = inventory.hosts_text(
        [("node1", "10.77.0.11")], [("node2", "10.77.0.12")], STATE, " ".join(ssh.common(STATE, "ab12cd"))
    )
    parsed = yaml.safe_load(text)["all"]
    assert parsed["vars"]["ansible_user"] == "root"
    assert parsed["vars"]["ansible_ssh_private_key_file"] == "/state/labs/x/id_ed25519"
    assert parsed["vars"]["ansible_ssh_common_args"] == (
        "-o UserKnownHostsFile=/state/labs/x/known_hosts -o StrictHostKeyChecking=yes"
        " -o ControlPath=/run/dockyard-lab/cp-ab12cd-%h"
    )
    groups = parsed["children"]["swarm"]["children"]
    assert groups["swarm_managers"]["hosts"] == {"node1": {"ansible_host": "10.77.0.11"}}
    assert groups["swarm_workers"]["hosts"] == {"node2": {"ansible_host": "10.77.0.12"}}
    assert "written by the lab" in text


def test_a_host_with_variables_of_its_own() -> None:
    own = inventory.rpm_variables("http://10.77.255.1:3144/rpm-1", "060A61C51B558A7F742B77AAC52FEB6B621E9F35")
    text = inventory.hosts_text([("node1", "10.77.0.11"), ("node2", "10.77.0.12")], [], STATE, "", {"node2": own})
    hosts = yaml.safe_load(text)["all"]["children"]["swarm"]["children"]["swarm_managers"]["hosts"]
    assert hosts["node1"] == {"ansible_host": "10.77.0.11"}
    assert hosts["node2"] == {"ansible_host": "10.77.0.12", **own}


def test_no_workers() -> None:
    parsed = yaml.safe_load(inventory.hosts_text([("node1", "10.77.0.11")], [], STATE, ""))
    assert parsed["all"]["children"]["swarm"]["children"]["swarm_workers"]["hosts"] == {}


def test_variables() -> None:
    parsed = yaml.safe_load(inventory.vars_text("10.77.0.1", {"registry:2.8": Path("/c/r.tar")}, STATE))
    assert parsed == {
        "swarm_dns_upstreams": ["10.77.0.1"],
        "swarm_engine_source": "distribution",
        "swarm_engine_image_archives": [{"image": "registry:2.8", "path": "/c/r.tar"}],
        "swarm_cluster_domain": "swarm.test",
        "swarm_networks_overlays": [{"name": "apps", "subnet": "10.20.0.0/24", "encrypted": True, "attachable": True}],
        "swarm_cluster_secrets_dir": "/state/labs/x/secrets",
    }


def test_remove_takes_only_what_was_written(tmp_path: Path) -> None:
    directory = tmp_path / "inventories" / "lab"
    inventory.write(directory, inventory.HEADER, inventory.HEADER)
    mine = directory / "group_vars" / "all" / "mine.yml"
    mine.write_text("x: 1\n")
    inventory.remove(directory)
    assert [path for path in directory.rglob("*") if path.is_file()] == [mine]
    mine.unlink()
    inventory.remove(directory)
    inventory.remove(directory)
    assert not directory.exists()


def test_a_file_that_someone_else_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all:\n")
    inventory.remove(tmp_path)
    assert (tmp_path / "hosts.yml").exists()
