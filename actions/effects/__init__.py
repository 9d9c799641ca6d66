"""What actions and releases came to: past releases judged once their horizon has closed."""
