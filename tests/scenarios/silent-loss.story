# A host falls silent without a goodbye: after the dead time the others take over, and when it can be heard
# again one copy goes on.
hosts A B C
service web A B C
boot all
settle
----

silence A
run 4s
expect web on A
within 3s web on A B
show
----

unsilence A
settle
expect web on A
----

# Only one direction is lost: A hears, and is not heard.
cut-one-way A B
cut-one-way A C
settle 40s
show
heal
settle
expect web on A
----
