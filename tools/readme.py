"""Write the generated parts of the README files, which stand between two marks:

    tools/run python tools/readme.py           # write them
    tools/run python tools/readme.py --check   # name the files that are not up to date

README.md gets a phrase for each module, its ``short_description``, and for each playbook, its first comment line. A role's README
gets its options from ``meta/argument_specs.yml``.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
Options = dict[str, dict[str, Any]]
# A template that a reader understands: text, and names of public variables.
PLAIN = re.compile(r"(?:[^{}]|\{\{ [a-z][a-z_]* \}\})*")
SEMANTIC = {  # Ansible's markup in descriptions; the content is what is in the parentheses
    "B": "**{0}**",
    "I": "*{0}*",
    "C": "`{0}`",
    "E": "`{0}`",
    "O": "`{0}`",
    "V": "`{0}`",
    "M": "[{1}](../../plugins/modules/{1}.py)",
    "P": "[{1}](../../plugins/filter)",
}


class Loader(yaml.SafeLoader):
    """Reads Ansible's own tag, too."""


Loader.add_constructor("!unsafe", lambda _loader, node: str(node.value))


def module_phrases(root: Path) -> dict[str, str]:
    """What each module does, by its name."""
    phrases = {}
    for path in sorted((root / "plugins" / "modules").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
                phrases[path.stem] = yaml.safe_load(ast.literal_eval(node.value))["short_description"]
    return phrases


def playbook_phrases(root: Path) -> dict[str, str]:
    """What each playbook does, by its name; the one for the whole job comes first."""
    phrases = {}
    for path in sorted((root / "playbooks").glob("*.yml"), key=lambda path: (path.stem != "site", path.stem)):
        start, first, second = path.read_text(encoding="utf-8").splitlines()[:3]
        if start != "---" or not first.startswith("# ") or second != "#":
            sys.exit(
                f"{path.relative_to(root)}: after --- comes a comment line that says what the playbook does, then a line #"
            )
        phrases[path.stem] = first.removeprefix("# ")
    return phrases


def prose(text: str) -> str:
    """A description in Markdown, fit for a cell of a table."""

    def markup(match: re.Match[str]) -> str:
        content = match[2]
        return SEMANTIC[match[1]].format(content, content.split("#")[0].removeprefix("dockyard.swarm."))

    return re.sub(rf"\b([{''.join(SEMANTIC)}])\(([^)]*)\)", markup, " ".join(text.split())).replace("|", "\\|")


def value(default: Any) -> str:
    """A value as a user would write it in YAML."""
    if isinstance(default, str):
        return default or '""'
    return yaml.safe_dump(default, default_flow_style=True, sort_keys=False, width=9999).replace("\n...", "").strip()


def default_of(option: dict[str, Any]) -> str:
    """What the cell for the default says."""
    if option.get("required"):
        return "**required**"
    if "default" not in option:
        return ""
    default = option["default"]
    if isinstance(default, str) and not PLAIN.fullmatch(default):
        return "*computed*"
    if isinstance(default, dict) and "{{" in str(default) and "__" in str(default):
        return "*computed*"
    if isinstance(default, dict) and default:
        return "<br>".join(f"`{name}: {value(item)}`" for name, item in default.items())
    return f"`{value(default)}`".replace("|", "\\|")


def meaning(option: dict[str, Any]) -> str:
    """What the option is, and what it can be."""
    told = option["description"]
    text = " ".join(prose(part) for part in ([told] if isinstance(told, str) else told))
    choices = [f"`{value(choice)}`" for choice in option.get("choices", [])]
    return text if all(choice in text for choice in choices) else f"{text} One of {', '.join(choices)}."


def kind(option: dict[str, Any]) -> str:
    """Its type in words."""
    return f"list of {option['elements']}" if option["type"] == "list" else str(option["type"])


def table(options: Options) -> list[str]:
    """The lines of a table of options."""
    return ["| name | type | default | what it is |", "| --- | --- | --- | --- |"] + [
        f"| `{name}` | {kind(option)} | {default_of(option)} | {meaning(option)} |" for name, option in options.items()
    ]


def nested(options: Options, prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The options that lie inside of others, however deep, each by its path."""
    for name, option in options.items():
        yield f"{prefix}{name}", option
        yield from nested(option.get("options", {}), f"{prefix}{name}.")


def option_tables(options: Options) -> list[str]:
    """A table of the options, and one for each option that has options of its own."""
    lines = table(options)
    for name, option in options.items():
        if inner := dict(nested(option.get("options", {}))):
            each = "Each entry of" if option["type"] == "list" else "Keys of"
            lines += ["", f"{each} `{name}`:", "", *table(inner)]
    return lines


def phrases(folder: str, suffix: str, texts: dict[str, str], heading: str) -> list[str]:
    """A table of files, each with its phrase."""
    return [f"| {heading} | what it does |", "| --- | --- |"] + [
        f"| [{name}]({folder}/{name}{suffix}) | {text} |" for name, text in texts.items()
    ]


def put(text: str, name: str, lines: list[str], where: str) -> str:
    """A text with other lines between the marks of that name."""
    begin, end = f"<!-- begin {name}, generated by tools/readme.py -->", f"<!-- end {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        sys.exit(f"{where}: needs, once and in this order, {begin} and {end}")
    return text[: text.index(begin)] + "\n".join([begin, "", *lines, "", end]) + text[text.index(end) + len(end) :]


def wanted(root: Path) -> dict[Path, str]:
    """Each README file with generated parts, as it should be."""
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    text = put(text, "playbooks", phrases("playbooks", ".yml", playbook_phrases(root), "playbook"), "README.md")
    text = put(text, "modules", phrases("plugins/modules", ".py", module_phrases(root), "module"), "README.md")
    texts = {readme: text}
    for specs in sorted(root.glob("roles/*/meta/argument_specs.yml")):
        path = specs.parents[1] / "README.md"
        options = yaml.load(specs.read_text(encoding="utf-8"), Loader)["argument_specs"]["main"].get("options", {})
        texts[path] = put(
            path.read_text(encoding="utf-8"), "options", option_tables(options), str(path.relative_to(root))
        )
    return texts


def main() -> int:
    """Write the files, or with ``--check`` only compare them."""
    old = {path: text for path, text in wanted(ROOT).items() if path.read_text(encoding="utf-8") != text}
    for path, text in old.items():
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
    if old and "--check" in sys.argv[1:]:
        names = ", ".join(str(path.relative_to(ROOT)) for path in old)
        print(f"{names}: not up to date: run tools/run python tools/readme.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
