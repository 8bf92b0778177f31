"""A big file is read within seconds and with bounded memory."""

import io
import time

from surveys.dms.read import read_file

from .build import NOW, SERVICE_HEADER, csv, service_row, xlsx


def test_ten_thousand_rows_take_seconds():
    rows = [SERVICE_HEADER, *(service_row(number) for number in range(10_000))]
    for data in (xlsx(rows), csv(rows, "gb18030")):
        began = time.perf_counter()
        found = read_file(io.BytesIO(data), "a.csv", now=NOW)
        took = time.perf_counter() - began

        assert found.count("valid") == 10_000
        # About 1 s on a quiet core; the limit only catches a change of order, such as quadratic work.
        assert took < 12
