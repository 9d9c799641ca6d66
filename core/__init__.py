"""What every package stands on: errors, files, arrays, parameter types and the clock."""
