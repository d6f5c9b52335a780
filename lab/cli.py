"""The command line: ``python -m lab VERB``. A thin layer over lab.api."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import verbs
from lab.errors import LabError
from lab.suites import SUITES


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb. Gives the exit code: 2 for a problem that the user can solve."""
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lab: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


def parser() -> argparse.ArgumentParser:
    """Make the parser with all verbs."""
    top = argparse.ArgumentParser(prog="python -m lab", description="Real bare machines on this computer in seconds.")
    adder = top.add_subparsers(metavar="VERB", required=True)
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("--lab", default="default", metavar="NAME", help="which lab (default: %(default)s)")

    up = adder.add_parser("up", parents=[one], help="have the machines up; again is harmless")
    up.set_defaults(run=verbs.up)
    up.add_argument("--nodes", type=int, metavar="N", help="how many machines (default: 3, or as many as there are)")
    up.add_argument("--suites", metavar="LIST", help=f"what they are imaged with, cycled: {', '.join(SUITES)}")
    up.add_argument("--managers", type=int, metavar="N", help="how many are managers in the inventory (default: 1)")
    up.add_argument("--mem", type=int, metavar="MIB", help="memory of each machine (default: 1536)")
    up.add_argument("--subnet", metavar="CIDR", help="default: the first free 10.77.X.0/24")
    up.add_argument("--from", dest="origin", metavar="SAVED", help="start from a saved lab")
    up.add_argument("--inventory", type=Path, metavar="DIR", help="default: inventories/lab or inventories/lab-NAME")

    down = adder.add_parser("down", parents=[one], help="remove exactly what up made")
    down.set_defaults(run=verbs.down)
    down.add_argument("--all", action="store_true", help="all labs")

    status = adder.add_parser("status", help="what runs where")
    status.set_defaults(run=verbs.status)
    status.add_argument("--lab", metavar="NAME", help="only this lab")
    status.add_argument("--json", action="store_true", help="for programs: a list of labs")

    ssh = adder.add_parser("ssh", parents=[one], help="a shell on a machine, or a command")
    ssh.set_defaults(run=verbs.ssh)
    ssh.add_argument("machine")
    ssh.add_argument("command", nargs=argparse.REMAINDER)

    for name, many, text in (
        ("kill", "+", "cut the power"),
        ("boot", "*", "switch on and wait (all without names)"),
        ("cut", "+", "pull the network cable"),
        ("heal", "+", "plug the network cable in"),
        ("reset", "+", "re-image: same name and address, new disk, host key and machine-id"),
        ("poweroff", "*", "shut down cleanly (all without names)"),
    ):
        verb = adder.add_parser(name, parents=[one], help=text)
        verb.set_defaults(run=getattr(verbs, name))
        verb.add_argument("machines", nargs=many, metavar="MACHINE")

    save = adder.add_parser("save", parents=[one], help="keep the machines' disks to boot from there later")
    save.set_defaults(run=verbs.save)
    save.add_argument("name")
    save.add_argument("--no-boot", action="store_true", help="leave the machines off afterwards")
    adder.add_parser("saved", help="list saved labs").set_defaults(run=verbs.list_saved)
    unsave = adder.add_parser("unsave", help="forget a saved lab")
    unsave.set_defaults(run=verbs.unsave)
    unsave.add_argument("name")

    images = adder.add_parser("images", help="make container images and print their archives as JSON")
    images.set_defaults(run=verbs.images)
    images.add_argument("references", nargs="*", metavar="IMAGE")
    repository = adder.add_parser("repository", help="serve Docker's packages, and print where as JSON")
    repository.set_defaults(run=verbs.repository)
    adder.add_parser("setup", help="install the packages the lab needs").set_defaults(run=verbs.setup)
    adder.add_parser("doctor", help="say what is missing here").set_defaults(run=verbs.doctor)
    adder.add_parser("clean", help="remove caches that nothing stands on").set_defaults(run=verbs.clean)
    return top
