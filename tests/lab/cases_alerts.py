"""What people are told, through a mail program of this system (dma) and through ones that fail them."""
import os
import shutil

from lab import Skip, expect, until

DMA = "/usr/sbin/dma"


class Postbox:
    """dma on one host, with a spool and mailboxes of its own."""

    def __init__(self, host):
        if not os.access(DMA, os.X_OK):
            raise Skip("%s is not there (package dma)" % DMA)
        self.box = os.path.join(host.dir, "mail", "root")
        for name, place in (("mail", "/var/mail"), ("spool", "/var/spool/dma")):
            folder = os.path.join(host.dir, name)
            os.makedirs(folder)
            shutil.chown(folder, "root", "mail")
            os.chmod(folder, 0o2770)
            p = host.run("mount", "--bind", folder, place)
            expect(p.returncode == 0, "a folder of its own at " + place, p.out)

    def text(self):
        try:
            with open(self.box) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def count(self, words):
        return self.text().count(words)


def mailing(c, sendmail=None):
    """Three hosts that mail to root; `sendmail`: what host 1 uses instead of dma, a script."""
    lab = c.lab("addr:one", "addr:two", "addr:three", conf='email = "root"\n')
    for host in lab:
        host.conf = 'sendmail = "%s"\n' % DMA
        if sendmail and host.i == 1:
            path = os.path.join(host.dir, "sendmail")
            host.write_script(path, sendmail)
            host.conf = 'sendmail = "%s"\nalert_timeout = 5\n' % path
    lab.ready()
    boxes = {host.i: Postbox(host) for host in lab}
    lab.acquaint().up()
    lab.await_linked()
    return lab, boxes


def test_one_mail_for_what_all_see(c):
    """The first host that lives mails, once; another one that was away learns that it was told."""
    lab, boxes = mailing(c)
    lab[3].crash()
    until(lambda: boxes[1].count("host three is down") > 0, lambda: "a mail of host 3: " + boxes[1].text(), 30)
    expect("Subject:" in boxes[1].text() and "From " in boxes[1].text(), "a mailbox as others are", boxes[1].text())
    lab.expect_stable(3)
    told = [box.count("Subject:") for i, box in boxes.items() if "three is down" in box.text()]
    expect(told == [1], "one host has mailed, once: %s" % told, *[box.text() for box in boxes.values()])


def test_a_hanging_sendmail_is_killed_and_another_host_mails(c):
    lab, boxes = mailing(c, sendmail="#!/bin/bash\nsleep 1000 & sleep 1000\n")
    lab[3].crash()
    until(lambda: boxes[2].count("host three is down") > 0, lambda: "host 2 mails instead: " + boxes[2].text(), 60)
    until(lambda: boxes[2].count("cannot send alerts") > 0, lambda: "and that host 1 cannot: " + boxes[2].text(), 30)
    expect(boxes[2].count("host three is down") == 2, "once, in subject and text", boxes[2].text())
    expect(boxes[1].text() == "", "host 1 has mailed nothing", boxes[1].text())
    left = lab[1].run("pgrep", "-x", "sleep")
    expect(left.returncode != 0, "nothing is left of it", left.out)
