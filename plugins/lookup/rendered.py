# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rendered
short_description: A text of this collection's roles, rendered from its template
version_added: 0.1.0
description:
  - Renders a template with the values that are given, and with these alone. Ansible's own
    P(ansible.builtin.template#lookup) copies all variables of the host for each template, facts included.
  - A template has Jinja's own filters and tests, and none of Ansible's. As in Ansible, the line break after a block is removed.
  - A value that the template asks for and that is not given is an error, which names file, line and value.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  _terms:
    description: Templates, each as C(ROLE/NAME), which is C(roles/ROLE/templates/NAME.j2) of this collection.
    type: list
    elements: str
    required: true
notes:
  - Every further keyword is a value for the template.
"""

EXAMPLES = r"""
- name: Show the file that limits the journal
  ansible.builtin.debug:
    msg: "{{ lookup('dockyard.swarm.rendered', 'swarm_logging/journald.conf', max_use='1G') }}"
"""

RETURN = r"""
_raw:
  description: The text of each template.
  type: list
  elements: str
"""

import os
import traceback

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateSyntaxError, meta, nodes

ROLES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "roles")
# Templates are compiled once per process. Texts are configuration files: nothing is escaped.
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(ROLES), undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True, autoescape=False
)  # fmt: skip


class LookupModule(LookupBase):
    def run(self, terms, **values):
        values.pop("variables", None)  # the host's, which Ansible hands to every lookup
        return [render(term, values) for term in terms]


def render(term, values):
    """The text of template ``ROLE/NAME`` with these values."""
    role, slash, name = str(term).partition("/")
    path = "%s/templates/%s.j2" % (role, name)
    if not slash or not os.path.isfile(os.path.join(ROLES, path)):
        raise AnsibleError("%s: this collection has no such template (roles/%s)" % (term, path))
    try:
        return _ENVIRONMENT.get_template(path).render(values)
    except TemplateSyntaxError as exc:
        raise AnsibleError("roles/%s, line %d: %s" % (path, exc.lineno, exc.message)) from exc
    except Exception as exc:
        # Jinja gives the frames of a template the name and the lines that its source has.
        lines = [frame.lineno for frame in traceback.extract_tb(exc.__traceback__) if frame.filename.endswith(path)]
        wrong = ["line %d: '%s' is undefined" % item for item in _missing(path, values)] or [
            "line %s: %s" % (lines[-1], exc)
        ]
        raise AnsibleError("roles/%s, %s" % (path, "; ".join(wrong))) from exc


def _missing(path, values):
    """The values that a template asks for and that are not given, each with the first line that does."""
    tree = _ENVIRONMENT.parse(_ENVIRONMENT.loader.get_source(_ENVIRONMENT, path)[0])
    lines = {}
    for node in tree.find_all(nodes.Name):
        lines.setdefault(node.name, node.lineno)
    return sorted((lines[name], name) for name in meta.find_undeclared_variables(tree) - set(values))
