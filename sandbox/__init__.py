"""Both accounts of the tutorial on this machine: an AWS emulator, the Pulumi engine and the program, deployed."""
