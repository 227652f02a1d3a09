"""The cells of causes and items."""

from django import template

from retailops.workbench.exceptions.cells import cells, drawn, due, sums

register = template.Library()
for each in (cells, drawn, due, sums):
    register.simple_tag(each)
