"""The demonstration: a small invented Dĩ An whose people use the same verbs as real ones. A door, like the pages."""
