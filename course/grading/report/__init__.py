"""What is written: tables, pages and files for gradebooks, none over another's."""
