//! The texts of a site's folder: its `site.yaml`, and INSTALL, six lines for a shell of root on Debian.

use super::InitSite;

/// What lies beside the CA's key.
pub(super) const CA_README: &str = "\
Keep this folder offline: whoever has ca.key can make a site of this cluster.
Copy it to two sticks, lock them away, and remove it from this machine. No agent needs it to run;
it is needed again when a site is added and when certificates are renewed.
";

/// The site file, with what this site needs from the first day.
pub(super) fn site_yaml(site: &InitSite) -> String {
    format!(
        "\
# /etc/pointsman/site.yaml: about this one machine; never replicated
site: {}
bundle: /etc/pointsman/bundle      # ca.pem, site.pem, site.key
listen: {{ peers: \"{}\" }}
secrets: /etc/pointsman/secrets    # one file per name, mode 0600: first line user, second line password
",
        site.site, site.peers
    )
}

/// Six lines, to be typed or pasted one by one in the site's folder, copied to its machine.
pub(super) fn six_lines(site: &InitSite) -> String {
    let own = "install -o pointsman -g pointsman";
    let users = "ls /usr/bin/pointsman && groupadd -f -r pointsman-act && { getent passwd pointsman || \
                 useradd -r -U -M -d /var/lib/pointsman -s /usr/sbin/nologin pointsman; }";
    // Sticky and open to the agent's group: it keeps the name of its disk here and the agreed policy, which is its own
    // file; it cannot replace the others.
    let files = format!(
        "install -d -o root -g pointsman -m 1770 /etc/pointsman && \
         {own} -d -m 0700 /etc/pointsman/bundle /etc/pointsman/secrets && \
         {own} -m 0600 -t /etc/pointsman/bundle bundle/* && \
         install -o root -g pointsman -m 0640 -t /etc/pointsman site.yaml && \
         {own} -m 0640 -t /etc/pointsman policy.yaml"
    );
    let unit = "install -m 0644 -t /etc/systemd/system pointsman.service && \
                install -m 0644 -t /etc/sysctl.d pointsman-ping.conf && \
                { sysctl -q -p /etc/sysctl.d/pointsman-ping.conf || true; } && systemctl daemon-reload";
    let check = "runuser -u pointsman -- pointsman check /etc/pointsman/site.yaml /etc/pointsman/policy.yaml";
    let start = "systemctl enable --now pointsman && pointsman status";
    format!("{users}\n{files}\n{unit}\n{}\n{check}\n{start}\n", secrets(site))
}

// The password is neither shown nor kept by the shell, and the file is its owner's from the first moment.
fn secrets(site: &InitSite) -> String {
    let one = |name: &String| {
        format!(
            "bash -c 'read -rp \"{name} user: \" u && read -rsp \"{name} password: \" p && \
             printf \"%s\\n%s\\n\" \"$u\" \"$p\"' | \
             install -o pointsman -g pointsman -m 0600 /dev/stdin /etc/pointsman/secrets/{name}"
        )
    };
    if site.secrets.is_empty() {
        return "ls -ld /etc/pointsman/secrets   # this site holds no secret: nothing to put there"
            .to_owned();
    }
    site.secrets.iter().map(one).collect::<Vec<_>>().join(" && ")
}
