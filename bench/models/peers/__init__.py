"""What people fit lifetime value with today, each a process in an environment of its own."""
