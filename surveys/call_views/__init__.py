"""Pages of the call room: queue, desk, team, answers, one customer."""
