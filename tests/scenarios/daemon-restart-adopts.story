# The engine dies and comes back; its services went on and are adopted, not started again.
hosts A B*
service web A B
service bare B A status=no
boot all
settle
----

# A has an address of its own that refuses now, so B takes over at once: without a guardian nobody on A can
# say that web still runs there. When A is back, the less preferred stops.
kill A
within 2s A unlinked B
settle
show
restart A
settle
expect web on A
----

# B is dynamic and refuses too, from an address that it named itself.
kill B
restart B
settle
show
expect web on A
expect bare on B
----
