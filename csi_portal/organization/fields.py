"""Column types with a meaning of their own."""

from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

FEN = Decimal("0.01")


def to_fen(amount) -> int:
    """Return whole fen for an amount in yuan (Decimal, int or digit string); finer than a fen is a ValueError."""
    if isinstance(amount, (float, bool)):
        raise ValueError("money is Decimal, int or text, never float")
    try:
        value = Decimal(amount)
    except InvalidOperation as error:
        raise ValueError(f"not an amount: {amount!r}") from error
    if not value.is_finite():
        raise ValueError("an amount must be finite")
    fen = value * 100
    if fen != fen.to_integral_value():
        raise ValueError("an amount has at most two decimals")
    return int(fen)


class FenField(models.BigIntegerField):
    """Money: Decimal yuan with two decimals in Python, whole fen in the database."""

    description = _("Amount in yuan, stored in fen")

    def from_db_value(self, value, expression, connection):
        return None if value is None else (Decimal(value) / 100).quantize(FEN)

    def to_python(self, value):
        if value is None or value == "":
            return None
        try:
            return (Decimal(to_fen(value)) / 100).quantize(FEN)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def get_prep_value(self, value):
        return None if value is None else to_fen(value)

    def formfield(self, **kwargs):
        from django import forms  # forms are needed by nobody who only stores money

        return models.Field.formfield(
            self, **{"form_class": forms.DecimalField, "max_digits": 12, "decimal_places": 2, **kwargs}
        )

    # The integer validators of the parent would compare yuan with fen limits.
    @property
    def validators(self):
        return list(self._validators)
