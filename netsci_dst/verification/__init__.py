"""Is a run what it says it is? Everything that is ever read from it is read once and compared."""

from ..finding import Finding
from .whole import verify, verify_all

__all__ = ["Finding", "verify", "verify_all"]
