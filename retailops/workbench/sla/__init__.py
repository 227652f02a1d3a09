"""SLA pages, and what joins clocks with cases, which do not know each other."""
