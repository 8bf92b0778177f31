"""The monthly sheet 月度奖惩明细: figures.py reckons, data.py makes plain values, workbook.py writes the file."""

from .data import sheet_data
from .figures import Figures, figures
from .workbook import workbook

__all__ = ["Figures", "figures", "sheet_data", "workbook"]
