"""The routes language: text in, checked policy out. Imports nothing of the other rooms."""
