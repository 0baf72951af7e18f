// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_PROCESS_CURVE_HPP
#define POSTMARK_TEST_PROCESS_CURVE_HPP

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace postmark::test {

inline std::size_t resident_bytes()
{
    std::ifstream file{"/proc/self/statm"};
    std::size_t total = 0;
    std::size_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

inline std::size_t open_descriptors()
{
    std::size_t count = 0;
    for ([[maybe_unused]] auto const& each : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        ++count;
    }
    // Reading the directory takes one.
    return count - 1;
}

/// Memory and descriptors of this process while it works.
class process_curve {
public:
    struct point {
        double seconds = 0;
        std::size_t messages = 0;
        std::size_t bytes = 0;
        std::size_t descriptors = 0;
    };

    void sample(double seconds, std::size_t messages)
    {
        points_.push_back({seconds, messages, resident_bytes(), open_descriptors()});
    }

    [[nodiscard]] std::vector<point> const& points() const noexcept { return points_; }

    /// The most memory in one of four quarters, from 0.
    [[nodiscard]] std::size_t most_bytes(std::size_t quarter) const
    {
        std::size_t const begin = points_.size() * quarter / 4;
        std::size_t const end = points_.size() * (quarter + 1) / 4;
        std::size_t most = 0;
        for (std::size_t at = begin; at != end; ++at) {
            most = std::max(most, points_[at].bytes);
        }
        return most;
    }

    void write_csv(std::string const& path) const
    {
        std::ofstream file{path};
        file << "seconds,messages,resident_kib,descriptors\n";
        for (point const& each : points_) {
            file << each.seconds << ',' << each.messages << ',' << each.bytes / 1024 << ',' << each.descriptors << '\n';
        }
    }

    void write_svg(std::string const& path) const
    {
        constexpr double width = 760;
        constexpr double height = 300;
        constexpr double left = 70;
        constexpr double top = 40;
        constexpr double right = 40;
        constexpr double bottom = 50;
        double most_messages = 1;
        double most_mib = 1;
        for (point const& each : points_) {
            most_messages = std::max(most_messages, static_cast<double>(each.messages));
            most_mib = std::max(most_mib, static_cast<double>(each.bytes) / 1048576);
        }
        // The axis begins at 0: a flat curve is to be seen as one, and a rising one too.
        most_mib *= 1.25;
        auto const x = [&](double messages) { return left + (width - left - right) * messages / most_messages; };
        auto const y = [&](double mib) { return height - bottom - (height - top - bottom) * mib / most_mib; };

        std::ostringstream line;
        for (point const& each : points_) {
            line << x(static_cast<double>(each.messages)) << ',' << y(static_cast<double>(each.bytes) / 1048576) << ' ';
        }
        std::ofstream file{path};
        file << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width << "\" height=\"" << height
             << "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" "
                "fill=\"white\"/>\n"
             << "<text x=\"" << left << "\" y=\"20\" font-size=\"14\">Resident memory of the client's process</text>\n";
        for (int tick = 0; tick <= 4; ++tick) {
            double const mib = most_mib * tick / 4;
            file << "<line x1=\"" << left << "\" y1=\"" << y(mib) << "\" x2=\"" << width - right << "\" y2=\"" << y(mib)
                 << "\" stroke=\"#ddd\"/>\n<text x=\"" << left - 8 << "\" y=\"" << y(mib) + 4
                 << "\" text-anchor=\"end\">" << static_cast<int>(mib + 0.5) << " MiB</text>\n";
            double const messages = most_messages * tick / 4;
            file << "<text x=\"" << x(messages) << "\" y=\"" << height - bottom + 20 << "\" text-anchor=\"middle\">"
                 << static_cast<std::size_t>(messages) << "</text>\n";
        }
        file << "<text x=\"" << width / 2 << "\" y=\"" << height - 10 << "\" text-anchor=\"middle\">messages</text>\n"
             << "<polyline fill=\"none\" stroke=\"#0b62a4\" stroke-width=\"2\" points=\"" << line.str()
             << "\"/>\n</svg>\n";
    }

private:
    std::vector<point> points_;
};

} // namespace postmark::test

#endif
