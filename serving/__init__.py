"""Who sees it: wording now, store, API and page to come."""
