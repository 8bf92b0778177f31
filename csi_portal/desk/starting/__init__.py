"""`manage.py start`: the whole portal from one command, for a shop without an operator.

`ground` makes the place ready (lock, database, static files, demo store), `children` says which processes run,
`supervisor` keeps them running and ends them together.
"""
