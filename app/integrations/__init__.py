"""The outside world. A channel takes a message and either delivers it or raises."""
