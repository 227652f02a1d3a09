"""NetSuite: REST record API with external ids, SuiteQL, OAuth 2.0 client credentials."""
