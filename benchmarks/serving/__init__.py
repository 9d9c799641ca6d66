"""The service under load, beside a bare ASGI application that returns the same bytes."""
