"""The pages a person opens: the list, a customer, figures, docs."""
