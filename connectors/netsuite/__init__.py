"""NetSuite over its REST record service: credit memos and return authorizations by external id."""
