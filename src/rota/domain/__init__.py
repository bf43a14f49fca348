"""What is true: values, transition tables, outcomes, events and errors. No I/O, no clock, no HTTP."""
