"""How much a customer brings: orders, money, and the sales forecast."""
