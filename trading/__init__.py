"""What trading is: the pure core. Events in, commands out; nothing here waits, reads a clock or touches a disk."""
