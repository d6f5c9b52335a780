"""What machines can be imaged with: releases of Debian, and what is made out of one, like a stand-in for CentOS Stream."""

from dataclasses import dataclass, field

from lab.aptcache import ADDRESS
from lab.repository import PORT

# Where lab.rpm_repository answers, below the repositories of the lab.
RPM_PATH = "rpm"


@dataclass(frozen=True)
class Suite:
    """A release of Debian, and what makes something else out of it."""

    debian: str
    packages: tuple[str, ...] = ()
    # Whether its machines have dnf, and want the lab's rpm repositories.
    rpm: bool = False
    files: dict[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    # Run in the root file system, last of all.
    commands: tuple[tuple[str, ...], ...] = ()


_CENTOS_RELEASE = """\
NAME="CentOS Stream"
VERSION="9"
ID="centos"
ID_LIKE="rhel fedora"
VERSION_ID="9"
PLATFORM_ID="platform:el9"
PRETTY_NAME="CentOS Stream 9"
CPE_NAME="cpe:/o:centos:centos:9"
HOME_URL="https://centos.org/"
REDHAT_SUPPORT_PRODUCT="Red Hat Enterprise Linux 9"
REDHAT_SUPPORT_PRODUCT_VERSION="CentOS Stream"
"""
_CENTOS_REPOSITORY = f"""\
[baseos]
name=The lab's stand-in for CentOS Stream $releasever - BaseOS
baseurl=http://{ADDRESS}:{PORT}/{RPM_PATH}/base/$releasever/$basearch
gpgcheck=0
enabled=1
"""
_VERSIONLOCK = "etc/dnf/plugins/versionlock"

SUITES = {
    "bookworm": Suite("bookworm"),
    "trixie": Suite("trixie"),
    # With the Engine and what keeps the clock: for tests of what comes after, which are not to wait for packages.
    "trixie-engine": Suite("trixie", packages=("docker.io", "docker-cli", "chrony")),
    # No CentOS: Debian's files under its name, with Debian's own dnf, rpm and firewalld. What the distribution brings is not
    # in rpm's database, which is empty. The libraries are those of the programs in the lab's rpm repository.
    "centos9": Suite(
        "trixie",
        rpm=True,
        packages=(
            *("dnf", "dnf-plugins-core", "rpm", "firewalld"),
            *("libcap2", "libedit2", "libgnutls30t64", "libnettle8t64", "libseccomp2", "tini", "tzdata"),
        ),
        files={
            "etc/os-release": _CENTOS_RELEASE,
            "etc/redhat-release": "CentOS Stream release 9\n",
            "etc/yum.repos.d/centos.repo": _CENTOS_REPOSITORY,
            "etc/dnf/vars/releasever": "9\n",
        },
        # The plugin that holds versions is a package of its own there: the repository has it.
        remove=(
            "etc/os-release",
            "etc/debian_version",
            "usr/lib/python3/dist-packages/dnf-plugins/versionlock.py",
            # Debian's own: it wants a repository on the disk. The other one wants Python's systemd.
            "usr/lib/python3/dist-packages/dnf-plugins/local.py",
            "usr/lib/python3/dist-packages/dnf-plugins/system_upgrade.py",
            f"{_VERSIONLOCK}.conf",
            f"{_VERSIONLOCK}.list",
        ),
        commands=(
            ("rpm", "--initdb"),
            ("systemctl", "enable", "firewalld.service"),
        ),
    ),
}
