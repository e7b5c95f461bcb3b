// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `--generate-completion-script bash`: the parser's script, mended for words with colons.
enum CompletionScript {
    /// `nil` where something else is asked for, which the parser can do by itself.
    static func answer(to arguments: [String]) -> String? {
        guard
            ["--generate-completion-script bash", "--generate-completion-script=bash"]
                .contains(arguments.joined(separator: " "))
        else { return nil }
        return PairingCtl.completionScript(for: .bash) + "\n" + wordsWithColons
    }

    /// Bash takes words apart at colons, and every address has five.
    private static let wordsWithColons = #"""
        __pairingctl_join_colons() {
            local -a words=()
            local -i index cword=0
            for index in "${!COMP_WORDS[@]}"; do
                local word="${COMP_WORDS[index]}"
                if ((index > 1)) && [[ "${word}" == :* || "${COMP_WORDS[index - 1]}" == *: ]]; then
                    words[-1]+="${word}"
                else
                    words+=("${word}")
                fi
                ((index != COMP_CWORD)) || cword=$((${#words[@]} - 1))
            done
            local -a COMP_WORDS=("${words[@]}")
            local -i COMP_CWORD="${cword}"
            local cur="${words[cword]}"
            _pairingctl "$1" "${cur}" "${words[cword > 0 ? cword - 1 : 0]}"
            # What stands before the last colon is on the line already, and file names have no business with colons.
            [[ "${COMPREPLY[0]-}" != ??:* ]] || compopt +o filenames 2>/dev/null
            if [[ "${cur}" == *:* && "${COMP_WORDBREAKS}" == *:* ]]; then
                COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
            fi
        }

        complete -o filenames -F __pairingctl_join_colons pairingctl

        """#
}
