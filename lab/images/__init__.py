"""Container images made of Debian packages, as archives that ``docker load`` takes."""

from lab.images.build import ensure, ensure_all

__all__ = ["ensure", "ensure_all"]
