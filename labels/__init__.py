"""Printed slips: a Slip goes in, PDF bytes come out. No Flask, no database, no clock."""
