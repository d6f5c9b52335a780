"""Fingerprints of what things are built from: another recipe is another thing in the cache."""

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable
from types import FunctionType, ModuleType


def fingerprint(*parts: object) -> str:
    """Hash texts, data, functions and modules; layout, comments and docstrings of code do not count."""
    texts = [_code(part) if isinstance(part, FunctionType | ModuleType) else str(part) for part in parts]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def _code(source: Callable[..., object] | ModuleType) -> str:
    tree = ast.parse(textwrap.dedent(inspect.getsource(source)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
