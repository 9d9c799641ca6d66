"""The pages that a person opens: the list, a customer, figures, docs."""
