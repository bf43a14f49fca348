"""What is moved as a whole: backups, their restoring, and a database that goes to another one."""
