"""Forms of the complaints room: shape and choices only; what is possible the services decide."""

from .registering import RegisterForm
from .searching import FilterForm

__all__ = ["FilterForm", "RegisterForm"]
