SUMMARY = "Keeps a device up to date with what its maker signed"
DESCRIPTION = "The agent of Tidegate, a secure over-the-air update system: one file beside Node 24"
HOMEPAGE = "https://tidegate.example"
BUGTRACKER = "https://tidegate.example/issues"
SECTION = "base"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

# What `npm run build` puts into dist/tidegate-agent, and infra/systemd, laid beside this recipe in files/.
SRC_URI = "\
    file://LICENSE \
    file://tidegate-agent.cjs \
    file://tidegate-agent.sh \
    file://tidegate-agent.service \
    file://tidegate-agent-once.service \
    file://tidegate-agent-once.timer \
"

S = "${UNPACKDIR}"

CVE_PRODUCT = "tidegate:tidegate-agent"

inherit systemd useradd

SYSTEMD_PACKAGES = "${PN}"
SYSTEMD_SERVICE:${PN} = "tidegate-agent.service"

USERADD_PACKAGES = "${PN}"
USERADD_PARAM:${PN} = "--system --user-group --no-create-home --home-dir ${localstatedir}/lib/tidegate --shell /sbin/nologin tidegate"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${nonarch_libdir}/tidegate ${D}${bindir} ${D}${systemd_system_unitdir}
    install -m 0644 ${UNPACKDIR}/tidegate-agent.cjs ${D}${nonarch_libdir}/tidegate/
    install -m 0755 ${UNPACKDIR}/tidegate-agent.sh ${D}${bindir}/tidegate-agent
    install -m 0644 ${UNPACKDIR}/tidegate-agent.service ${D}${systemd_system_unitdir}/
    install -m 0644 ${UNPACKDIR}/tidegate-agent-once.service ${D}${systemd_system_unitdir}/
    install -m 0644 ${UNPACKDIR}/tidegate-agent-once.timer ${D}${systemd_system_unitdir}/
}

FILES:${PN} += "${nonarch_libdir}/tidegate ${systemd_system_unitdir}"

RDEPENDS:${PN} += "nodejs systemd"
