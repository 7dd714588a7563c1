# The pair's direct link falls silent, while both still reach S: they are joined through it until the way is free again.
hosts S L~ P~
service web L P
boot all
settle
expect L reaches P direct
watch-gap web
cut L P
within 7s L reaches P relay S
within 2s P reaches L relay S
expect L sees P up
run 10m
heal L P
within 3m L reaches P direct
expect P reaches L direct
expect web on L
expect one copy of web
----
S comes up
L comes up
P comes up
P sees S up
L sees S up
S sees L up
S sees P up
P sees L up
L sees P up
L starts web (placement)
L runs web
