// keepalived.conf(5)'s example of instances made by three sequences.

/** Names that the example counts: 254 VRIDs on each of 32 VLANs of so many interfaces. */
export const instancesOf = (interfaces: number): number => interfaces * 32 * 254;

export const threeSequences = (interfaces: number): string => `$VI4= \\
    track_file offset_instance_4.\${IF}.\${NUM}.\${ID} { \\
        file "\${_PWD}/679/track_files/4.\${IF}.\${NUM}.\${ID}" \\
        weight -100 \\
    } \\
    vrrp_instance vrrp4.\${IF}.\${NUM}.\${ID} { \\
        interface bond\${IF}.\${NUM} \\
        use_vmac vrrp4.\${IF}.\${NUM}.\${ID} \\
        virtual_router_id \${ID} \\
        priority 130 \\
        virtual_ipaddress { \\
            10.\${IF}.\${NUM}.\${ID}/24 \\
        } \\
        track_file { \\
            offset_instance_4.\${IF}.\${NUM}.\${ID} \\
        } \\
    }

~SEQ(IF,0,${interfaces - 1}) ~SEQ(NUM,0,31) ~SEQ(ID,1,254) $VI4
`;
