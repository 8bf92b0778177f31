"""Threads for the races of the boards."""

import threading

import pytest
from django.db import connection


@pytest.fixture
def run_threads():
    """`run_threads(n, fn)`: call fn in n threads at once; what each returned, or the error it raised."""

    def run(n, fn):
        gate, results = threading.Barrier(n), [None] * n

        def one(place):
            gate.wait()
            try:
                results[place] = fn()
            except Exception as error:
                results[place] = error
            finally:
                connection.close()

        threads = [threading.Thread(target=one, args=(place,)) for place in range(n)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for error in results:
            if isinstance(error, Exception):
                raise error
        return results

    return run
