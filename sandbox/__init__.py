"""The tutorial's two accounts on this machine: an AWS emulator, the Pulumi engine and the deployed program."""
