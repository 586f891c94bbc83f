//! `steps` and `step NAME`.

use crate::test::Test;

#[test]
fn a_list_of_all_steps() {
    Test::new()
        .args(["steps"])
        .stdout(
            "repositories turns to the mirror, and switches repositories on and off\n\
             bootstrap    installs what this program itself needs and the base image lacks\n\
             packages     installs the distribution packages that bindep selects\n\
             user         makes the service's group, user and directories\n\
             wheels       makes the wheels directory available\n\
             venv         creates the virtualenv and its pip toolchain\n\
             source       gets the project's source, from a directory or by git\n\
             build        runs scripts that come before pip, then builds wheels of the sources\n\
             pip          installs the project and everything it needs, in one resolution\n\
             hooks        does what single projects need, then runs the image author's scripts\n\
             config       copies the project's default configuration to /etc\n\
             info         writes down what is in the image\n\
             cleanup      removes what the build left behind\n\
             smoke        tests that what is installed is all there and can be imported\n\
             constraints  requirements: finds the file that each constraint stands for\n\
             wheels-build requirements: fetches wheels and builds those that are not to be had\n\
             publish      requirements: puts the wheels and their constraints in one directory\n\
             ceph         base: adds Ceph's archive, with its key\n",
        )
        .run();
}

#[test]
fn a_step_that_there_is_not() {
    Test::new()
        .args(["step", "nosuch"])
        .set("PROJECT", "keystone")
        .stderr(
            "error: 1 problem; nothing was touched\n\
             \x20 nosuch: no such step; the steps are \
             repositories, bootstrap, packages, user, wheels, venv, source, build, pip, hooks, config, info, cleanup, smoke, \
             constraints, wheels-build, publish, ceph\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_wrong_step_and_a_wrong_setting_at_once() {
    Test::new()
        .args(["step", "pip", "nosuch", "--uid", "abc"])
        .set("PROJECT", "keystone")
        .stderr(
            "error: 1 problem; nothing was touched\n\
             \x20 nosuch: no such step; the steps are \
             repositories, bootstrap, packages, user, wheels, venv, source, build, pip, hooks, config, info, cleanup, smoke, \
             constraints, wheels-build, publish, ceph\n\
             error: 1 wrong setting; nothing was touched\n\
             \x20 UID=abc: not an id; a whole number from 0 to 4294967294\n",
        )
        .status(2)
        .run();
}

#[test]
fn no_step_named() {
    Test::new()
        .args(["step"])
        .stderr(
            "error: the following required arguments were not provided:\n  \
             <NAME>...\n\n\
             Usage: loci-install step <NAME>...\n\n\
             For more information, try '--help'.\n",
        )
        .status(2)
        .run();
}
