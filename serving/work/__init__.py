"""What people and the CRM did about the cards: kept in the store, whatever is published."""
