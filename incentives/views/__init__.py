"""Pages of money: deciding, the ledger, closing a month, the rules, the notice board."""
