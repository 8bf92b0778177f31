"""Every change of state of the surveys floor: one verb, one function, one transaction."""
