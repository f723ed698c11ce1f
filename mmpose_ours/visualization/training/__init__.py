"""What MMEngine draws while it trains and tests."""
